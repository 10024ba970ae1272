"""The form of the pages that name who is signed in: yes, no, or somebody else."""

from dataclasses import replace

from callgate.protocol.forms import Form
from callgate.service import device
from callgate.service.authorize import UnderWay, cancel, open_post, proceed, show_sign_in
from callgate.service.context import Context
from callgate.service.outcome import Outcome, Post, ShowSignIn
from callgate.service.sign_out import end_sign_in


async def consent(context: Context, post: Post) -> Outcome:
    """POST of the consent page, and of the page that refuses somebody. Raises Unavailable."""
    opened = await open_post(context, post)
    if not isinstance(opened, tuple):
        return opened
    form, read = opened
    match form.get("action"):
        case "authorize":
            return await proceed(context, read, post.request_id, agreed=True)
        case "switch":
            return await _switch(context, read, form)
        case _ if read.request.user_code:
            return await device.deny(context, read, post.request_id)
        case _:
            return await cancel(context, read, post.request_id)


async def _switch(context: Context, read: UnderWay, form: Form) -> Outcome:
    """Whoever leaves the browser to somebody else is signed out of it."""
    await end_sign_in(context, read.key)
    shown = await show_sign_in(context, read._replace(key=None), form, fault=None)
    return replace(shown, forgets=True) if isinstance(shown, ShowSignIn) else shown
