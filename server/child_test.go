package server

const childVariable = "TANDEM_SERVER_TEST_CHILD"

func runChild() {}

