"""What `flask doctor` looks at: a module for each part of a deployment, which returns findings and changes nothing."""
