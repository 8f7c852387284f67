"""Records to Plotly figures. No Streamlit in here."""
