"""What the pages share: frame, pickers, canvas, colours. Only this, the pages and app.py know Streamlit."""
