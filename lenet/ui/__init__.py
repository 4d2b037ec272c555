"""What the pages share: frame, pickers, canvas, colours, and the benches of the app. Only this, the pages and app.py
know Streamlit."""
