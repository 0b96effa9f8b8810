ALARMS = 13


def write(*a):
    pass
