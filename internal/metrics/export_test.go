package metrics

// Nearby is nearby, for the tests.
var Nearby = nearby
