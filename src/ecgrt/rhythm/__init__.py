"""What is made of answers over time: timeline, episodes, burden, heart rate, and their exports."""
