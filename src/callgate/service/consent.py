"""The consent page's form: yes, no, or somebody else."""

from callgate.service.authorize import cancel, open_post, proceed, show_sign_in
from callgate.service.context import Context
from callgate.service.outcome import Outcome, Post


async def consent(context: Context, post: Post) -> Outcome:
    """POST of the consent page. Raises Unavailable."""
    opened = await open_post(context, post)
    if not isinstance(opened, tuple):
        return opened
    form, read = opened
    match form.get("action"):
        case "authorize":
            return await proceed(context, read, post.request_id, agreed=True)
        case "switch":
            return await show_sign_in(context, read._replace(key=None), form, fault=None)
        case _:
            return await cancel(context, read, post.request_id)
