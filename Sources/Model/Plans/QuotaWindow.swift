package import Schema

/// One window of a quota: an amount, and the time that it is for.
package struct QuotaWindow: Settings {
    @Setting("Calls in each window: a number, or an expression that gives one.")
    package var calls: CallAmount?

    @Setting("In place of `calls`: bytes of bodies in each window, such as `10GiB`, or an expression that gives their number.")
    package var bytes: ByteAmount?

    @Setting("The window: a unit of the calendar.")
    package var per: QuotaPeriod

    @Setting("Whose bodies count, for `bytes`.")
    package var of: QuotaBodies?

    @Setting("When windows begin: as the `calendar` says, or each with the `first-use` behind the one before.")
    package var from: QuotaStart?

    @Setting("Whose calendar: `UTC`, an offset such as `+02:00`, or a zone such as `Europe/Berlin`.")
    package var timeZone: TimeZoneText?

    @Setting("`true`: what goes beyond is let through, and told.")
    package var soft: Bool?

    @Setting("Shares of the amount at which operators are told.")
    package var warnAt: [Share]?

    package var origin = Origin()
    package init() {}
}

package enum QuotaPeriod: String, SettingChoice {
    case minute, hour, day, week, month, year
}

package enum QuotaBodies: String, SettingChoice {
    case both, request, response
}

package enum QuotaStart: String, SettingChoice {
    case calendar
    case firstUse = "first-use"
}
