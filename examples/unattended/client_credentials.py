"""As the app itself: for what you run yourselves. There is no person, and nothing of one can expire or leave.

An administrator allows the app once, bounded by a role:

    callgate apps allow-service APP --account ACCOUNT --role ROLE

and the job runs with the app's own id and secret:

    CALLGATE_URL=https://… APP_CLIENT_ID=… APP_CLIENT_SECRET=… python client_credentials.py
"""

from wire import get_token, pull_reports

if __name__ == "__main__":
    pull_reports(get_token(grant_type="client_credentials"))
