"""LeNet, taken apart: build, train, trace and explain small convolutional networks that read handwritten digits."""
