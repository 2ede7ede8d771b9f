"""Networks: encoders, fusion layers and the one trainer. The strategies that use them are one folder up."""
