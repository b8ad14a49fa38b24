"""The methods that worker.py serves. A generator becomes a stream."""


def add(a, b):
    """adds two numbers"""
    return a + b


def divide(dividend, divisor):
    """divides whole numbers; fails when the divisor is 0"""
    return {"whole": dividend // divisor, "rest": dividend % divisor}


def primes(below):
    """the primes below a number, one by one"""
    yield from (n for n in range(2, below) if all(n % d for d in range(2, int(n**0.5) + 1)))


def inverses(numbers):
    """the inverse of each number, until one has none"""
    yield from (1 / number for number in numbers)
