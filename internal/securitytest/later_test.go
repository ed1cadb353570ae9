package securitytest

var tokenCases, keyCases, verifierCases []securityCase
