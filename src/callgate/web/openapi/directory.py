"""The account, its extensions, and the app of a token."""

from callgate.model import operation
from callgate.model.account import AccountStatus, ExtensionStatus, ExtensionType
from callgate.web.openapi.described import Link, Parameter, Tag, Told
from callgate.web.openapi.schema import Maybe, anything, flag, many, part, record, text, whole, wider, words
from callgate.web.openapi.shapes import E164, NUMBER, PAGES, URI, listing

_SETUP = words("Whether the first steps were taken.", ("NotStarted", "Completed"))
_ID = whole("Its id.", least=1)

ACCOUNT = record(
    "Account",
    "A company.",
    uri=URI,
    id=_ID,
    serviceInfo=part(uri=URI, brand=part(id=text("The brand's number."))),
    operator=Maybe(part(uri=URI, id=_ID, extensionNumber=Maybe(NUMBER))),
    mainNumber=E164,
    status=words("Only a Confirmed account's extensions may sign in.", AccountStatus),
    setupWizardState=_SETUP,
)

LISTED_EXTENSION = record(
    "ListedExtension",
    "A person, a queue or a service.",
    uri=URI,
    id=_ID,
    extensionNumber=Maybe(NUMBER),
    contact=part(
        firstName=text(),
        lastName=Maybe(text()),
        company=text("The account's name."),
        email=Maybe(text("Its e-mail address, which is a login name.")),
        businessPhone=E164,
        emailAsLoginName=Maybe(flag()),
    ),
    name=text("First and last name."),
    type=words("What kind of extension.", ExtensionType),
    status=words("Only Enabled ones may sign in.", ExtensionStatus),
    setupWizardState=_SETUP,
)

EXTENSION = wider(
    "Extension",
    LISTED_EXTENSION,
    account=part(uri=URI, id=text("The account's id.")),
    serviceFeatures=Maybe(
        many(part(featureName=text(), enabled=flag()), "What the service offers its own person; others are not told.")
    ),
)

NEW_EXTENSION = record(
    "NewExtension",
    "A person or queue to be; it has the account's default role, and no password.",
    contact=part(firstName=text(least=1), lastName=Maybe(text()), email=Maybe(text("A login name."))),
    extensionNumber=Maybe(text("A free one.", pattern="^[0-9]{0,10}$")),
    type=Maybe({**words("What kind.", ExtensionType), "default": ExtensionType.USER.value}),
    status=Maybe({**words("May it sign in.", ExtensionStatus), "default": ExtensionStatus.ENABLED.value}),
)

CLIENT_INFO = record(
    "ClientInfo",
    "The app of a token.",
    uri=URI,
    client=part(
        detected=flag("Whether the request named its program."),
        userAgent=Maybe(text("The program, as it names itself.")),
        appId=text("The client id."),
        appName=text(),
        locale=text(),
    ),
    provisioning=part(
        interopClientIds=anything("None here."),
        webUris=part(expiresIn=whole("Seconds.", least=1), serviceWeb=URI),
    ),
)

TOLD = (
    Told(operation.READ_ACCOUNT, "readAccount", Tag.ACCOUNT, ACCOUNT),
    Told(
        operation.LIST_EXTENSIONS,
        "listExtensions",
        Tag.ACCOUNT,
        listing("ExtensionList", LISTED_EXTENSION, about="A page of the account's extensions."),
        (
            Parameter("extensionNumber", NUMBER),
            Parameter("email", text("An e-mail address.", pattern="^[^@\\s]{1,128}@[^@\\s]{1,128}$"), repeats=True),
            Parameter("status", words("Only those.", ExtensionStatus), repeats=True),
            Parameter("type", words("Only those.", ExtensionType), repeats=True),
            *PAGES,
        ),
        leads=(
            Link("readExtension", "extensionId", "/records/0/id"),
            Link("readAssignedRole", "extensionId", "/records/0/id"),
        ),
    ),
    Told(
        operation.CREATE_EXTENSION,
        "createExtension",
        Tag.ACCOUNT,
        EXTENSION,
        takes=NEW_EXTENSION,
        status=201,
        leads=(Link("readExtension", "extensionId", "/id"), Link("assignRole", "extensionId", "/id")),
    ),
    Told(operation.READ_EXTENSION, "readExtension", Tag.ACCOUNT, EXTENSION),
    Told(operation.READ_CLIENT_INFO, "readClientInfo", Tag.ACCOUNT, CLIENT_INFO),
)
