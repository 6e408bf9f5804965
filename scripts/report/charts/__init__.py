"""One module for each chart: its SQL, its rows, its drawing, and the sentence that says what it shows."""
