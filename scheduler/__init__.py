"""When things happen. The steps run as child processes of their own."""
