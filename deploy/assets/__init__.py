"""Front-end assets: the locked npm packages, and the script that copies the files that pages use."""
