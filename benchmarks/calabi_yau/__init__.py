"""What a Ricci-flat metric costs: sigma against CPU seconds."""
