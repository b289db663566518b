"""CloudEvents over RabbitMQ and Kafka: published once confirmed, awaited by what they say."""
