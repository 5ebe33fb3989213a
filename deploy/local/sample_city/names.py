"""Invented names and streets for the sample records."""

FIRST_NAMES = (
    *("Alma", "Amir", "Anh", "Beatriz", "Bernard", "Carla", "Cedric", "Claudette", "Curtis", "Dana"),
    *("Darlene", "Diego", "Dolores", "Duc", "Edith", "Elena", "Emmanuel", "Esther", "Farah", "Floyd"),
    *("Gloria", "Guillermo", "Hai", "Harold", "Helene", "Hugo", "Ines", "Isaac", "Jamal", "Jeanne"),
    *("Jerome", "Joan", "Joaquin", "Kayla", "Keith", "Kim", "Lan", "Lorraine", "Lucia", "Luis"),
    *("Marcus", "Marie", "Marlon", "Mercedes", "Mina", "Nadia", "Nestor", "Noemi", "Odette", "Omar"),
    *("Patrice", "Pearl", "Quang", "Ramona", "Rene", "Rosa", "Ruben", "Ruth", "Samuel", "Sofia"),
    *("Tamara", "Thanh", "Theo", "Trang", "Valentina", "Vernon", "Victor", "Wanda", "Yolanda", "Zachary"),
)
LAST_NAMES = (
    *("Abbott", "Aguilar", "Baptiste", "Barrow", "Bellamy", "Brannigan", "Cabrera", "Calloway", "Castellano"),
    *("Charles", "Cordero", "Dang", "Delacroix", "Desrosiers", "Ellison", "Espinal", "Fairbanks", "Fontaine"),
    *("Gallardo", "Garrison", "Hollis", "Huynh", "Ibarra", "Jean-Louis", "Kessler", "Kowalczyk", "Lattimore"),
    *("Llanes", "Lockhart", "Mabry", "Marchetti", "Montoya", "Nash", "Nguyen-Pratt", "O'Hara", "Okafor"),
    *("Padgett", "Pham", "Pierre", "Quintero", "Ridley", "Rosado", "Sandoval", "Schaefer", "Sterling"),
    *("Tran", "Truong", "Underhill", "Valdez", "Vance", "Whitfield", "Winslow", "Yarborough", "Zamora"),
)
STREETS = (
    *("Mangrove Bend", "Sabal Palm Way", "Heron Landing", "Sandpiper Court", "Live Oak Terrace"),
    *("Sawgrass Lane", "Pelican Loop", "Seagrape Avenue", "Cypress Knee Road", "Limpkin Street"),
    *("Coontie Drive", "Gulf Fritillary Way", "Wax Myrtle Lane", "Anhinga Circle", "Tarpon Run"),
)
CITY_LINE = "Pinellas Park FL 33781"
