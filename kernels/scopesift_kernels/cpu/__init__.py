"""The CPU back end: top-k over chunks of features, selected features by screening."""
