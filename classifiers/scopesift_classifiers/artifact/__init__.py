"""What a classifier is: rules over features, calibration and cut, in one JSON file."""
