internal import Primitives

/// What can be asked about a point in time, in UTC or in a time zone.
enum TimeAccessor: String, Sendable, CaseIterable {
    case getFullYear, getMonth, getDate, getDayOfMonth, getDayOfWeek, getDayOfYear, getHours, getMinutes, getSeconds, getMilliseconds

    func value(of time: ExpressionTimestamp, in zone: TimeZone) -> Int {
        let civil = CivilTime(seconds: time.seconds + zone.offset(at: time.seconds))
        switch self {
        case .getFullYear: return civil.year
        case .getMonth: return civil.month - 1
        case .getDate: return civil.day
        case .getDayOfMonth: return civil.day - 1
        case .getDayOfWeek: return civil.dayOfWeek
        case .getDayOfYear: return civil.dayOfYear
        case .getHours: return civil.hour
        case .getMinutes: return civil.minute
        case .getSeconds: return civil.second
        case .getMilliseconds: return time.nanoseconds / 1_000_000
        }
    }

    /// The whole of a duration in that unit, but for milliseconds, which are those beyond the last full second (cel-spec).
    func value(of duration: ExpressionDuration) -> Int? {
        let seconds = duration.nanoseconds / ExpressionDuration.perSecond
        switch self {
        case .getHours: return seconds / 3_600
        case .getMinutes: return seconds / 60
        case .getSeconds: return seconds
        case .getMilliseconds: return duration.nanoseconds % ExpressionDuration.perSecond / 1_000_000
        default: return nil
        }
    }
}

extension ExpressionFunction {
    static let times: [ExpressionFunction] = TimeAccessor.allCases.flatMap { accessor in
        let isOfDurations = accessor.value(of: ExpressionDuration(nanoseconds: 0)) != nil
        let types: [ExpressionType] = isOfDurations ? [.timestamp, .duration] : [.timestamp]
        return [
            ExpressionFunction(
                accessor.rawValue, .member, types.map { Overload([$0], .int) },
                .unary { value, _ in
                    switch value {
                    case .timestamp(let time): .int(accessor.value(of: time, in: .fixed(seconds: 0)))
                    case .duration(let duration): accessor.value(of: duration).map { .int($0) } ?? .noSuchOverload
                    default: .noSuchOverload
                    }
                }),
            ExpressionFunction(accessor.rawValue, .member, [Overload([.timestamp, .string], .int)], .zoned(accessor)),
        ]
    }

    /// With a time zone that is known at run time only.
    static func zoned(_ accessor: TimeAccessor) -> Binary {
        { value, zone, _ in
            guard case .timestamp(let time) = value, case .string(let name) = zone else { return .noSuchOverload }
            guard let zone = TimeZone.parse(name) else { return .failure(.unknownZone) }
            return .int(accessor.value(of: time, in: zone))
        }
    }
}
