"""The tables of migration 0001, by what they are for. As they were then: later migrations change them."""
