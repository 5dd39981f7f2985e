"""What tools/model_card.py is made of: answers, figures of merit, runs, tables, figures."""
