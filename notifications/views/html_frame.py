"""Decorators for a page that returns the HTML of a message, to be shown in a sandboxed frame."""

from collections.abc import Callable
from typing import Any

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp
from django.views.decorators.clickjacking import xframe_options_sameorigin

# The message's own styles and nothing else: no script, no remote image, no form, no navigation of the app's window.
_CONTENT_SECURITY_POLICY = {
    "default-src": [NONE],
    "style-src": [UNSAFE_INLINE],
    "base-uri": [NONE],
    "form-action": [NONE],
    "frame-ancestors": [SELF],
    "sandbox": [],
}
# In the demo inbox a link of the mail works as in a mail program: it opens a tab of its own, which is no sandbox.
FRAME_WITH_LINKS = "allow-popups allow-popups-to-escape-sandbox"
_POLICY_WITH_LINKS = {**_CONTENT_SECURITY_POLICY, "sandbox": FRAME_WITH_LINKS.split()}
FrameDecorators = list[Callable[..., Callable[..., Any]]]
SANDBOXED_FRAME: FrameDecorators = [csp(_CONTENT_SECURITY_POLICY), xframe_options_sameorigin]
SANDBOXED_FRAME_WITH_LINKS: FrameDecorators = [csp(_POLICY_WITH_LINKS), xframe_options_sameorigin]
