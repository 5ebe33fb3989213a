"""What people build passwords of, beside what the blocklist and the estimate know: letters only, no accents.

The calendar in English and Spanish. English words that head every list of leaked passwords, since they stand
inside longer ones. Spanish words, which the estimate's dictionaries lack. Words that are known for their
length, and phrases that are known by heart.
"""

_CALENDAR = """
january february march april june july august september october november december
enero febrero marzo abril mayo junio julio agosto septiembre setiembre octubre noviembre diciembre
monday tuesday wednesday thursday friday saturday sunday
lunes martes miercoles jueves viernes sabado domingo
spring summer autumn winter primavera verano otono invierno
birthday cumpleanos christmas navidad
"""

_ENGLISH = """
password passwort passcode passphrase letmein welcome iloveyou qwerty qwertz azerty asdfgh zxcvbn qazwsx
admin administrator login signin changeme default secret trustno football baseball basketball soccer
dragon monkey shadow master superman batman sunshine princess pokemon starwars whatever freedom
michael jennifer jessica ashley charlie jordan hunter ranger computer internet samsung google facebook
"""

_SPANISH = """
contrasena contrasenia clave micontrasena miclave secreto secreta segura seguro acceso entrar usuario
bienvenido bienvenida bienvenidos hola holamundo gracias porfavor
teamo tequiero tequieromucho teamomucho amor miamor amorcito corazon micorazon vida mivida cielo bebe
princesa preciosa hermosa bonita chiquita angelito estrella mariposa
familia mifamilia amigo amiga amigos hermano hermana mama papa abuela abuelita hijo hija esposo esposa
dios jesucristo jesus virgen guadalupe bendicion
futbol barcelona realmadrid america mexico colombia cubano habana florida puertorico boricua espana
alejandro alejandra carlos daniela fernando francisco gabriela guadalupe javier jorge manuel miguel ricardo
roberto sebastian valentina
"""

_LONG_WORDS = """
supercalifragilisticexpialidocious supercalifragilistico supercalifragilisticoespialidoso expialidocious
antidisestablishmentarianism antidisestablishmentarianist floccinaucinihilipilification
pneumonoultramicroscopicsilicovolcanoconiosis hippopotomonstrosesquippedaliophobia
pseudopseudohypoparathyroidism honorificabilitudinitatibus incomprehensibilities
electroencephalograph electroencephalographically counterrevolutionaries uncharacteristically
otorhinolaryngologist otorrinolaringologo esternocleidomastoideo electroencefalografista
anticonstitucionalmente llanfairpwllgwyngyll llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch
internationalization
"""

_PHRASES = """
thequickbrownfox jumpsoverthelazydog tobeornottobe thatisthequestion
maytheforcebewithyou onceuponatime happilyeverafter fourscoreandsevenyearsago wethepeople
ihaveadream inthebeginning ourfatherwhoartinheaven hallowedbethyname thelordismyshepherd
iloveyousomuch iloveyouforever iloveyoumore iloveyoutoo livelaughlove godblessamerica godisgood jesuslovesme
jesusismylord ingodwetrust landofthefree homeofthebrave ohsaycanyousee starspangledbanner
twinkletwinklelittlestar maryhadalittlelamb rosesareredvioletsareblue happybirthdaytoyou
winteriscoming yourenotmydad mynameisinigomontoya myprecious oneringtorulethemall expectopatronum
alohomora hakunamatata bohemianrhapsody stairwaytoheaven hotelcalifornia wewillrockyou
letmeinplease opensesame openthedoor thisismypassword mypasswordis mypassword newpassword
ilovemymom ilovemydad ilovemyfamily ilovemydog ilovemycat
enunlugardelamancha decuyonombrenoquieroacordarme padrenuestroqueestasenelcielo santificadoseatunombre
serononoser eranseunavez habiaunavez queseraser lacucaracha cieloitolindo cielitolindo abretesesamo
estaesmicontrasena feliznavidad felizcumpleanos tequieromucho tequieroconlocura teamoparasiempre
diosesamor diosesfiel diosteama jesusesmisenor jehovaesmipastor solodiossabe amoamifamilia
loremipsumdolorsitamet abcdefghijklmnopqrstuvwxyz qwertyuiop asdfghjkl zxcvbnm qazwsxedc
"""

KNOWN_WORDS = frozenset(
    word for words in (_CALENDAR, _ENGLISH, _SPANISH, _LONG_WORDS, _PHRASES) for word in words.split()
)
