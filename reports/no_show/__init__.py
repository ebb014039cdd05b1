"""Page of the estimate of missed visits: how well it holds, and whether it is used."""
