"""Who a resident is and how they prove it: one package for each means of proof, none importing another."""
