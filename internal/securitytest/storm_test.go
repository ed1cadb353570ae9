package securitytest

// stormSize is how many forged credentials come at once.
const stormSize = 1000
