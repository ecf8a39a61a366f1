"""What the explorer shows and may show, without Streamlit: the app's pages are thin over these modules."""
