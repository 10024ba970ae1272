"""As a person, with their password: what scripts did for years, and what single sign-on ends. Here to be refused.

CALLGATE_URL=https://… APP_CLIENT_ID=… APP_CLIENT_SECRET=… APP_USER=… APP_PASSWORD=… python password.py
"""

import os

from wire import get_token, pull_reports

if __name__ == "__main__":
    pull_reports(get_token(grant_type="password", username=os.environ["APP_USER"], password=os.environ["APP_PASSWORD"]))
