"""The networks, in PyTorch.

Enters: `config`, tensors. Leaves: logits. `network` is the segmenter (an encoder and a decoder), `blocks` what both
encoders are built of, `hiera` SAM 2's encoder in the compact one's place, `classifier` the 3-D network, `inference`
whole slices and volumes through a segmenter. Knows nothing of training data.
"""
