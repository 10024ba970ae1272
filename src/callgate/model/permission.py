"""Permissions a role may carry, and what each lets a person do (protocol.md B)."""

PERMISSIONS: dict[str, str] = {
    "ReadCompanyCallLog": "Read the call log of the whole company",
    "FullCompanyCallLog": "Read, download and delete the call log of the whole company",
    "ReadCallLog": "Read one's own call log",
    "ReadCallRecording": "Listen to one's own call recordings",
    "ReadExtensions": "See the extensions and call queues of the company",
    "EditExtensions": "Change extensions",
    "ReadCompanyInfo": "See the company's own data",
    "EditCompanyInfo": "Change the company's own data",
    "Groups": "Manage call queues and their members",
    "Roles": "Manage roles and who has them",
    "ThirdPartyAppAccess": "Use apps of other organisations",
}
"""Name to sentence. The names are the wire's own."""

COMPANY_CALL_LOG = ("ReadCompanyCallLog", "FullCompanyCallLog")
"""Either is enough for the company's call log (protocol.md M, row 10)."""
