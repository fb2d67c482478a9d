"""What a todo is and what may happen to it. Pure: no input or output, no Qt, no clock."""
