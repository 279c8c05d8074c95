"""Markets whose truth is known: the public test of a pricing engine. Usable without the rest of jointprice."""
