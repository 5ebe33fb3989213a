"""Front-end assets: the locked npm packages, and the script that copies what the pages use."""
