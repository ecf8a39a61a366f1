"""What the pages share: state, controls, pictures. Presentation only."""
