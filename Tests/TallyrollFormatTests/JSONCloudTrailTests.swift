import Testing

@testable import TallyrollFormat

@Suite struct JSONCloudTrailTests {
    static let login = """
        {"eventVersion":"1.08","userIdentity":{"type":"IAMUser","principalId":"AIDA","arn":"arn:aws:iam::1:user/b",
         "accessKeyId":"KEY","sessionContext":{"attributes":{}}},"eventTime":"2023-07-10T11:42:18Z","eventSource":"signin.amazonaws.com",
         "eventName":"ConsoleLogin","awsRegion":"us-east-1","sourceIPAddress":"10.0.0.1","userAgent":"curl/8",
         "errorCode":"Failed","errorMessage":"Failed \\"authentication\\"","requestID":null,"eventID":"e-1","readOnly":false,
         "resources":[{"accountId":"1","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::b"},{"type":"other"}],"eventType":"AwsConsoleSignIn"}
        """

    private func parsed(_ text: String) throws -> AuditEvent {
        try text.withView { view in
            var parser = CloudTrailParser()
            var out = ByteWriter()
            _ = try parser.parse(view, into: &out)
            return AuditEvent(try RecordView(out.view))
        }
    }

    private func error(_ text: String) -> EventInputError? {
        do {
            _ = try parsed(text)
            return nil
        } catch { return error as? EventInputError }
    }

    @Test func aRecordBecomesAnEvent() throws {
        let expected = AuditEvent(
            id: "e-1", timestamp: try Timestamp(rfc3339: "2023-07-10T11:42:18Z"), type: .authentication,
            severity: .warning, user: "arn:aws:iam::1:user/b", action: "signin:ConsoleLogin",
            resource: Resource(type: "AWS::S3::Bucket", id: "arn:aws:s3:::b"),
            outcome: .failure("Failed \"authentication\""), component: "signin.amazonaws.com",
            message: "ConsoleLogin on signin.amazonaws.com in us-east-1", ip: "10.0.0.1", userAgent: "curl/8",
            sessionID: "KEY", details: try JSONObject(JSONCloudTrailTests.login))
        #expect(try parsed(" " + JSONCloudTrailTests.login + "\n") == expected)
    }

    @Test func whatIsMissingIsAbsent() throws {
        let event = try parsed(
            #"{"eventTime":"2023-07-10T11:42:18Z","userIdentity":{},"resources":[],"eventName":7}"#)
        #expect(event.id == nil && event.user == nil && event.action == nil && event.message == nil)
        #expect(event.severity == .info && event.outcome == .success && event.type == .configChange)
        #expect(
            try parsed(#"{"eventTime":"2023-07-10T11:42:18Z","errorCode":"AccessDenied"}"#).outcome
                == .failure("AccessDenied"))
    }

    @Test(
        arguments: [
            (#"{"type":"Root"}"#, "Root"),
            (#"{"type":"AWSService","invokedBy":"ec2.amazonaws.com"}"#, "ec2.amazonaws.com"),
            (#"{"userName":"u","type":"x"}"#, "u"), (#"{"principalId":"p","userName":"u"}"#, "p"),
            (#"{"type":"x","principalId":"p","arn":"a"}"#, "a"), (#"{"principalId":"","userName":"u"}"#, "u"),
            (#""somebody""#, nil), ("[{}]", nil), ("null", nil),
        ] as [(String, String?)])
    func users(identity: String, user: String?) throws {
        #expect(try parsed(#"{"userIdentity":\#(identity),"eventTime":"2023-07-10T11:42:18Z"}"#).user == user)
    }

    @Test(arguments: [
        ("iam", "CreateAccessKey", "false", "api_key_create"),
        ("iam", "DeleteAccessKey", "false", "api_key_revoke"),
        ("iam", "CreateRole", "false", "admin_action"), ("iam", "GetUser", "true", "resource_access"),
        ("sts", "AssumeRoleWithSAML", "true", "authentication"),
        ("sts", "GetSessionToken", "true", "authentication"),
        ("sts", "GetCallerIdentity", "true", "resource_access"),
        ("signin", "CheckMfa", "false", "authentication"),
        ("secretsmanager", "GetSecretValue", "true", "secret_access"),
        ("ssm", "GetParametersByPath", "true", "secret_access"),
        ("kms", "Decrypt", "true", "secret_access"), ("kms", "Encrypt", "true", "resource_access"),
        ("ssm", "SendCommand", "false", "tool_execution"), ("ec2", "RunInstances", "false", "config_change"),
        ("ec2", "DescribeVpcs", "null", "resource_access"), ("ec2", "DeleteVpc", "null", "config_change"),
        ("ec2", "GetPasswordData", "true", "secret_access"),
        ("cloudtrail", "StopLogging", "false", "admin_action"),
    ])
    func types(service: String, name: String, readOnly: String, type: String) throws {
        let event = try parsed(
            #"{"eventSource":"\#(service).amazonaws.com","eventName":"\#(name)","readOnly":\#(readOnly),"eventTime":"2023-07-10T11:42:18Z"}"#
        )
        #expect(event.type.rawValue == type)
        #expect(event.action == "\(service):\(name)")
        #expect(event.resource == Resource(type: service))
    }

    @Test func faultsAreNamed() {
        #expect(
            error(#"{"eventName":"x"}"#)?.description
                == "column 17: expected a member \"eventTime\", found the end of the object")
        #expect(error(#"{"eventTime":7}"#)?.column == 14)
        #expect(error(#"{"eventTime":"2023-13-10T11:42:18Z"}"#)?.column == 20)
        #expect(error(#"{"eventTime":"2023-07-10T11:42:18Z"} x"#)?.column == 38)
        #expect(error(#"{"userIdentity":{"a":{}"b":1}}"#)?.column == 24)
        #expect(error("[]")?.column == 1)
        #expect(
            error(#"{"a":"# + String(repeating: "[", count: 10_000))?.expected
                == "nesting of at most 512 levels")
    }

    private func records(_ text: String) -> (records: [String], error: EventInputError?) {
        text.withView { view in
            var found: [String] = []
            var records = CloudTrailRecords(view)
            do throws(EventInputError) {
                while let record = try records.next() {
                    #expect(view.trusted(record.offset, record.text.count).string == record.text.string)
                    found.append(record.text.string)
                }
                let again = try records.next()
                #expect(again?.offset == nil)
                return (found, nil)
            } catch {
                return (found, error)
            }
        }
    }

    @Test func filesGiveTheirRecords() {
        #expect(
            records(#" {"a":[1],"Records" : [ {"x":1} , {} ] , "b":2 } "#).records == [#"{"x":1}"#, "{}"])
        #expect(records(#"{"Records":[]}"#).records.isEmpty)
        #expect(records(#"{"Records":[]}"#).error == nil)
        for (text, column) in [
            ("", 1), ("[]", 1), ("{}", 2), (#"{"Records":{}}"#, 12), (#"{"Records":[1]}"#, 13),
            (#"{"Records":[{},]}"#, 16),
            (#"{"Records":[{}{}]}"#, 15), (#"{"Records":[{}"#, 15), (#"{"Records":[{}]"#, 16),
            (#"{"Records":[{}]}x"#, 17),
            (#"{"Records":[{}],"Records":[{}]}"#, 27), (#"{"Records":[{"a":}]}"#, 18),
            (#"{"Records":[,{}]}"#, 13),
        ] {
            #expect(records(text).error?.column == column, "\(text)")
        }
        #expect(records(#"{"Records":[{"x":1},{"y":]"#).records == [#"{"x":1}"#])
        #expect(records(#"{"Records":[{"a":"# + String(repeating: "[", count: 100_000)).error != nil)
    }

    @Test func filesAndRecordsAreToldApart() {
        #expect(#" { "Records" : [ "#.withView { CloudTrailRecords.begins($0) })
        for other in ["", "{", "{}", #"{"Records":{}}"#, JSONCloudTrailTests.login, "[]"] {
            #expect(!other.withView { CloudTrailRecords.begins($0) }, "\(other)")
        }
    }
}
