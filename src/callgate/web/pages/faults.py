"""What a fault means to the person who meets it on a page.

The catalogue of faults speaks to developers, in the platform's own English; these are the same faults for everyone
else. A page shows both: these words first, translated; the catalogue's below, to the letter, so they can be searched.
"""

from dataclasses import dataclass

from callgate.model.faults import Fault
from callgate.web.pages.texts import msgid


@dataclass(frozen=True, slots=True)
class Words:
    """A fault in plain language: the heading of its page, what happened, and what to do now."""

    title: str
    sentence: str
    advice: str


def words_of(fault: Fault) -> Words:
    """Give the words for `fault`; one no page was meant to show gets those that are always true."""
    return WORDS.get(fault.code, _UNEXPECTED)


_CANNOT_SIGN_IN = msgid("You cannot sign in")
_APP_AT_FAULT = msgid("This app cannot sign you in")

_TELL_APP = msgid("Tell whoever makes the app, and give them the details below. You did nothing wrong.")
_TELL_ADMINISTRATOR = msgid("Your company’s administrator can change that.")
_TELL_DETAILS = msgid("Give your company’s administrator the details below.")
_START_AGAIN = msgid("Go back to the app and start again.")

_UNEXPECTED = Words(
    msgid("This did not work"),
    msgid("The request could not be completed."),
    msgid("Go back and try again. If it happens once more, pass on the details below."),
)


def _person(sentence: str, advice: str) -> Words:
    return Words(_CANNOT_SIGN_IN, sentence, advice)


def _app(sentence: str) -> Words:
    return Words(_APP_AT_FAULT, sentence, _TELL_APP)


_BAD_REQUEST = _app(msgid("The app’s request has a mistake in it, so we stopped here."))
_WRONG_RETURN = _app(
    msgid("The app wants you sent back to an address that is not registered for it. To keep you safe, we stopped here.")
)
_NOT_THIS_WAY = _app(msgid("The app is not registered for this way of signing people in."))
_WRONG_GOODBYE = Words(
    msgid("The app’s request has a mistake in it"),
    msgid("The app’s request to sign you out cannot be trusted, so you will not be sent back to it."),
    _TELL_APP,
)
_BACK_SOON = Words(
    msgid("We will be right back"),
    msgid("The server cannot answer at the moment."),
    msgid("Wait a moment, then reload this page."),
)
_EXTENSION_OFF = _person(msgid("Your extension is switched off."), _TELL_ADMINISTRATOR)
_EXTENSION_GONE = _person(msgid("This extension no longer exists."), _TELL_ADMINISTRATOR)

WORDS = {
    # The person, on the sign-in page.
    "OAU-140": _person(
        msgid("Login and password do not match."),
        msgid("Check the number or email, the extension and the password."),
    ),
    "CGT-112": _person(msgid("Something is missing."), msgid("Enter your phone number or email, and your password.")),
    "OAU-105": _person(msgid("This kind of extension cannot sign in."), msgid("Use the extension of a person.")),
    "OAU-163": _person(msgid("This is a call queue, and queues cannot sign in."), msgid("Use your own extension.")),
    "OAU-119": _person(
        msgid("International virtual numbers cannot be used to sign in."),
        msgid("Use your direct number or your email."),
    ),
    "OAU-136": _EXTENSION_GONE,
    "OAU-232": _EXTENSION_GONE,
    "OAU-141": _EXTENSION_OFF,
    "OAU-236": _EXTENSION_OFF,
    "OAU-142": _person(msgid("Your company’s account is not active."), _TELL_ADMINISTRATOR),
    "OAU-222": _person(
        msgid("This account no longer exists."), msgid("Check the number or email, or use another one.")
    ),
    "OAU-147": _person(msgid("Too many attempts did not succeed."), msgid("Wait a while, then try again.")),
    "OAU-148": _person(
        msgid("Too many attempts did not succeed."), msgid("Use single sign-on, or wait a while and try again.")
    ),
    "OAU-167": _person(
        msgid("This app is only for people of the company that made it."),
        msgid("Sign in with an account of that company, or use another app."),
    ),
    "CMN-408": _person(msgid("Your role does not allow apps made by other companies."), _TELL_ADMINISTRATOR),
    "CGT-129": _person(
        msgid("Your company has not set up single sign-on."), msgid("Sign in with your password instead.")
    ),
    "CGT-150": _person(
        msgid("Your company signs in with single sign-on, not with a password."),
        msgid("Choose single sign-on below."),
    ),
    "CGT-151": _person(
        msgid("Your company has switched single sign-on off."), msgid("Sign in with your password instead.")
    ),
    "CGT-152": _person(msgid("Your company no longer uses this way to sign in."), _TELL_ADMINISTRATOR),
    "CGT-153": _person(
        msgid("Your company’s sign-in service answered, but the answer cannot be trusted."), _TELL_DETAILS
    ),
    "CGT-154": _person(msgid("This sign-in was used already."), _START_AGAIN),
    "CGT-155": _person(
        msgid("Your company’s sign-in service knows you, but nobody here has your email address."), _TELL_DETAILS
    ),
    "CGT-156": _person(
        msgid("Your company does not allow signing in from its own portal."), msgid("Open the app itself instead.")
    ),
    "CGT-157": _person(msgid("Your company’s sign-in service did not sign you in."), _START_AGAIN),
    "CGT-158": Words(
        msgid("We will be right back"),
        msgid("Your company’s sign-in service cannot be reached at the moment."),
        msgid("Wait a moment, then try again."),
    ),
    # A device's code.
    "CGT-187": Words(
        msgid("This code does not fit"),
        msgid("No device is waiting with this code."),
        msgid("Compare it with the one your device shows. If that is too old, start again there."),
    ),
    "CGT-188": Words(
        msgid("One moment, please"),
        msgid("Too many wrong codes were entered."),
        msgid("Wait a minute, then try again."),
    ),
    "CGT-189": Words(
        msgid("Please enter the code here"),
        msgid("The code did not come from this page, or your browser keeps no cookies."),
        msgid("Allow cookies for this page, then enter the code that your device shows."),
    ),
    # What the person has beside the password.
    "OAU-168": _person(
        msgid("Your company asks for more than a password."), msgid("Sign in at a browser, where you can give it.")
    ),
    "CGT-200": _person(
        msgid("The code is wrong, or was used before."),
        msgid("Enter the code that your authenticator app shows now, or an unused recovery code."),
    ),
    "CGT-201": _person(msgid("There were too many wrong codes."), msgid("Wait a while, then enter a new one.")),
    "CGT-202": Words(
        msgid("This cannot be removed"),
        msgid("Your company asks for more than a password, and this is the last thing you have."),
        msgid("Set up another one first."),
    ),
    "CGT-203": _person(
        msgid("You signed in too long ago to change this."), msgid("Sign in again, then make the change.")
    ),
    "CGT-204": Words(
        msgid("The password was not changed"),
        msgid("The new password is too easy to guess."),
        msgid("Take several words that do not belong together, without names of you or your company."),
    ),
    "CGT-205": Words(
        msgid("The password was not changed"),
        msgid("The new password and its repetition differ."),
        msgid("Type the same new password twice."),
    ),
    "CGT-207": _person(
        msgid("The passkey was not accepted."), msgid("Try another passkey, or sign in with your password.")
    ),
    "CGT-208": Words(
        msgid("No passkey was added"),
        msgid("Your browser made no passkey for this page."),
        msgid("Try again, or use another browser or device."),
    ),
    "CGT-206": Words(
        msgid("This cannot be set up"), msgid("Your company asks for nothing but a password."), _TELL_ADMINISTRATOR
    ),
    "CGT-209": Words(
        msgid("The authenticator app was not set up"),
        msgid("The code is not the one that your app shows now."),
        msgid("Check that your phone has the right time, then enter the code that the app shows now."),
    ),
    "CGT-210": Words(
        msgid("No credential was made"),
        msgid("Your company does not leave it to you to make JWT credentials."),
        _TELL_ADMINISTRATOR,
    ),
    "CGT-211": Words(
        msgid("No credential was made"),
        msgid("The label, the apps or the date are missing or cannot be used."),
        msgid("Enter a label, choose at least one app that exists, and a date that is still to come, or none."),
    ),
    "CGT-212": Words(
        msgid("No credential was made"),
        msgid("As things are, this credential cannot be made or replaced."),
        msgid("Look at the list: it may have been replaced or have expired, or you have a hundred already."),
    ),
    "CGT-159": _person(msgid("Your company’s sign-in service no longer recognizes this server."), _TELL_DETAILS),
    # The app, on a page of its own.
    "OAU-101": _BAD_REQUEST,
    "OAU-111": _BAD_REQUEST,
    "OAU-149": _BAD_REQUEST,
    "CMN-101": _BAD_REQUEST,
    "CGT-101": _BAD_REQUEST,
    "CGT-102": _BAD_REQUEST,
    "CGT-103": _BAD_REQUEST,
    "CGT-104": _BAD_REQUEST,
    "CGT-105": _BAD_REQUEST,
    "CGT-111": _BAD_REQUEST,
    "CGT-121": _BAD_REQUEST,
    "CGT-122": _BAD_REQUEST,
    "CGT-123": _BAD_REQUEST,
    "CGT-124": _BAD_REQUEST,
    "OAU-109": _WRONG_RETURN,
    "OAU-112": _NOT_THIS_WAY,
    "OAU-251": _NOT_THIS_WAY,
    "OAU-152": _NOT_THIS_WAY,
    "CGT-120": _NOT_THIS_WAY,
    "OAU-113": _app(msgid("The app has no return address registered, so there is no safe place to send you back to.")),
    "OAU-153": _app(msgid("This server does not know the app.")),
    "OAU-127": Words(msgid("This app is blocked"), msgid("Nobody can sign in to it at the moment."), _TELL_APP),
    "CGT-130": _WRONG_GOODBYE,
    "CGT-131": _WRONG_GOODBYE,
    "CGT-132": _WRONG_GOODBYE,
    # The flow and the server.
    "CGT-128": Words(
        msgid("This page has expired"),
        msgid("It was open for too long, or it was opened in another browser."),
        _START_AGAIN,
    ),
    "CMN-301": Words(
        msgid("One moment, please"),
        msgid("There were too many requests in a short time."),
        msgid("Wait a minute, then try again."),
    ),
    "CGT-190": _BACK_SOON,
    "CGT-193": _BACK_SOON,
    "CGT-191": Words(
        msgid("Something went wrong on our side"),
        msgid("The server met a problem it did not expect."),
        msgid("Try again. If it happens once more, give your administrator the details below."),
    ),
}
"""Words by fault code, for every fault a page is meant to show."""
