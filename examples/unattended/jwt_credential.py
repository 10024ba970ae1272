"""As a person, with a JWT credential: for jobs that must run on the original platform too, or act for somebody.

An administrator makes it once, best for a helper extension that no person uses:

    callgate credentials create --person EXTENSION --label "data lake" --app APP

and the job runs with the JWT that printed:

    CALLGATE_URL=https://… APP_CLIENT_ID=… APP_CLIENT_SECRET=… APP_JWT=… python jwt_credential.py
"""

import os

from wire import get_token, pull_reports

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"

if __name__ == "__main__":
    pull_reports(get_token(grant_type=GRANT, assertion=os.environ["APP_JWT"]))
