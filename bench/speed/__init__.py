"""How fast Yurt is: scenarios on a site of their own, beside a bare Flask route behind the same front door."""
