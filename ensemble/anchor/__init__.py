"""The structural anchor: a low-dimensional Bayesian price response, fitted to the sales and apart from any network."""
