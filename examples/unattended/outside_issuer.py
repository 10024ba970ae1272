"""As a job that somebody vouches for: GitHub Actions, GitLab, Kubernetes, a cloud. No secret is stored anywhere.

An administrator trusts the issuer once, under conditions:

    callgate issuers trust --name NAME --account ACCOUNT --app APP --role ROLE \
        --issuer https://token.actions.githubusercontent.com --condition repository=acme/reports

and the job runs with the token that it is given by where it runs:

    CALLGATE_URL=https://… APP_CLIENT_ID=… JOB_TOKEN_FILE=/var/run/secrets/tokens/callgate python outside_issuer.py
"""

import os
from pathlib import Path

from wire import get_token, pull_reports

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"

if __name__ == "__main__":
    token = Path(os.environ["JOB_TOKEN_FILE"]).read_text().strip()
    pull_reports(get_token(grant_type=GRANT, assertion=token))
