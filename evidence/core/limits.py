"""How far we are ready to go with a file sent by someone else. Sizes are bytes unless the name says otherwise."""

MIB = 1024 * 1024

NAME_LENGTH = 150

# The child process (see `evidence.child`).
CHILD_MEMORY = 512 * MIB
CHILD_SECONDS = 8  # processor and wall clock; leaves room in the ten seconds that a request may take

# Archives: office files and ZIP.
ARCHIVE_ENTRIES = 2_000
ARCHIVE_TOTAL = 300 * MIB
ARCHIVE_RATIO = 100
ARCHIVE_RATIO_FROM = 10 * MIB  # below that, a high ratio is a blank page, not a bomb

# Encrypted containers: each entry costs a key derivation.
CONTAINER_ENTRIES = 200

# Workbooks that a service reads (a cahier de tests filled offline).
WORKBOOK_SHEETS = 10
WORKBOOK_ROWS = 5_000
WORKBOOK_COLUMNS = 40
WORKBOOK_TEXT = 4_000_000  # characters of all cells: they cross a pipe and are held in memory

MAIL_HEADERS = 256 * 1024  # beyond, what is read is no header

IMAGE_PIXELS = 50_000_000
PDF_PAGES = 5_000
RENDER_WIDTHS = (320, 800, 1600)  # pixels; a closed list keeps the cache of rendered pages small
RENDER_PIXELS = 12_000_000
SEARCH_HITS = 500
SEARCH_QUERY = 100  # characters

UPLOAD_MAX = 256 * MIB  # whatever the zone allows; beyond, the bytes are not even written
SCAN_INLINE_MAX = 5 * MIB
CHUNK = 256 * 1024
