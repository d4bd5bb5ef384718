"""Help in a lab: raised hands, messages, visits, and who in a class needs it."""
