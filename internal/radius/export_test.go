package radius

// Sign is for the examples of the RFCs.
var Sign = sign
