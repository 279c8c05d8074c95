"""The what-if page: requests (plan), what they are answered with (desk), the server, and the page itself."""
