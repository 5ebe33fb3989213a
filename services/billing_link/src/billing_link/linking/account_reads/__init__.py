"""What the calls read: a resident's links, the limits on guessing, and the accounts.

`reads` says what is read. `store` reads it in one statement, where the records are in this service's own
database; `separate` reads links here, and then the accounts from any `BillingRecords`. Both give the same
answers.
"""
