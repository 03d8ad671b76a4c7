"""Who may do what on the broker, as a definitions file that RabbitMQ loads when it starts."""
